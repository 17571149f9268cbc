// SPDX-FileCopyrightText: 2026 The ossm.federation authors
// SPDX-License-Identifier: GPL-3.0-or-later

// Command etcd is the store of a lab cluster's API server.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() {
	etcdmain.Main(os.Args)
}
