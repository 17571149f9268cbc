// SPDX-FileCopyrightText: 2026 The ossm.federation authors
// SPDX-License-Identifier: GPL-3.0-or-later

// Command kubectl is the unchanged command line client of Kubernetes.
package main

import (
	"k8s.io/component-base/cli"
	"k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/util"
)

func main() {
	if err := cli.RunNoErrOutput(cmd.NewDefaultKubectlCommand()); err != nil {
		util.CheckErr(err)
	}
}
