# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The program of a probe's container, as text for bash. Private to this collection.

Its environment: PROBE_TARGETS has a line ``protocol host port`` for each service, PROBE_PATH and PROBE_HEADER are those of the options,
PROBE_REQUESTS the number of requests to a service, PROBE_SECONDS the time that each may take. It reports a JSON list with a list for each
target, in their order: HTTP code, who answered (``a`` application, ``e`` Envoy), milliseconds, exit code of the client, number of
served requests, value of the header. It needs nothing but bash, curl 7.61 and timeout, and writes no file but the report.

Envoy adds ``x-envoy-upstream-service-time`` to what the service behind it answered, and to nothing that it answers itself. A sidecar
accepts every TCP connection at once and closes it where the service cannot be reached, so a connection counts when it stays open.
"""

from __future__ import annotations

SCRIPT = r"""
set -u
quit() {
  exec 3<>/dev/tcp/127.0.0.1/15020 && printf 'POST /quitquitquit HTTP/1.0\r\nHost: localhost\r\n\r\n' >&3 && read -r -t 5 -u 3
}
trap 'quit 2>/dev/null' EXIT
for program in curl timeout; do
  if ! command -v "$program" >/dev/null; then
    printf 'no %s' "$program" >"${PROBE_REPORT:-/dev/termination-log}"
    exit 4
  fi
done

header() {
  local line value=""
  while IFS= read -r line; do
    line=${line%$'\r'}
    if [ "${line%%:*}" != "$line" ] && name=${line%%:*} && [ "${name,,}" = "${1,,}" ]; then value=${line#*:}; value=${value# }; fi
  done
  value=${value//[^A-Za-z0-9._:@\/ -]/}
  printf '%s' "${value:0:40}"
}

http() {
  local answer failed tail code seconds by="" name=""
  answer=$(curl -sSg -o /dev/null -D - -w 'PROBE %{http_code} %{time_total}' --noproxy '*' --max-time "$PROBE_SECONDS" \
    "http://$1:$2$PROBE_PATH" 2>/dev/null)
  failed=$?
  tail=${answer##*PROBE }
  code=${tail% *} seconds=${tail#* }
  seconds=${seconds/[.,]/}
  if [ "$((10#$code))" -gt 0 ]; then
    by=a
    if [ -z "$(printf '%s\n' "$answer" | header x-envoy-upstream-service-time)" ]; then
      case $(printf '%s\n' "$answer" | header server) in *envoy) by=e ;; esac
    fi
    if [ -n "$PROBE_HEADER" ]; then name=$(printf '%s\n' "$answer" | header "$PROBE_HEADER"); fi
  fi
  printf '%s "%s" %s %s "%s"' "$((10#$code))" "$by" "$((10#$seconds / 1000))" "$failed" "$name"
}

tcp() {
  local failed
  timeout "$((PROBE_SECONDS + 1))" bash -c 'exec 3<>"/dev/tcp/$0/$1" || exit 7
    IFS= read -r -N 1 -t "$2" -u 3 byte; test $? -ne 1 || exit 52' "$1" "$2" "$PROBE_SECONDS" 2>/dev/null
  failed=$?
  printf '0 "%s" 0 %s ""' "$([ "$failed" = 0 ] && echo a)" "$failed"
}

target() {
  local served=0 wanted=$PROBE_REQUESTS code by ms failed name
  if [ "$1" = tcp ]; then wanted=1; fi
  while [ "$served" -lt "$wanted" ]; do
    read -r code by ms failed name < <("$1" "$2" "$3"; echo)
    if [ "$by" != '"a"' ] || [ "$code" -ge 500 ]; then break; fi
    served=$((served + 1))
  done
  echo "[$code,$by,$ms,$failed,$served,$name]"
}

results=()
while read -r protocol host port; do
  exec {result}< <(target "$protocol" "$host" "$port")
  results+=("$result")
done < <(printf '%s\n' "$PROBE_TARGETS")
report="" comma=""
for result in "${results[@]}"; do
  IFS= read -r entry <&"$result"
  report="$report$comma$entry" comma=,
done
printf '[%s]' "$report" >"${PROBE_REPORT:-/dev/termination-log}"
"""
