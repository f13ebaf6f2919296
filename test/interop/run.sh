#!/usr/bin/env bash
# Runs the interop tests: our client against a real Apache RocketMQ, and the official Java client against our engine.
# Needs Java 17 and Maven, and says so where they are not there. ROCKETMQ_VERSION picks the version (5.3.3, 5.5.0); its jars
# are fetched once, to ROCKETMQ_JARS, those of older clients beside them. Arguments are those of vitest.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
for tool in java javac mvn; do
  command -v "$tool" > /dev/null || { echo "Interop tests skipped: there is no $tool"; exit 0; }
done

fetched=
trap 'rm -rf $fetched' EXIT

# fetch VERSION DIRECTORY PROFILE: complete or not there at all, whatever happens meanwhile.
fetch() {
  [ -d "$2" ] && return
  mkdir -p "$(dirname "$2")"
  fetched=$(mktemp -d "$2.XXXXXX")
  mvn -q -B -f "$here/pom.xml" ${3:+-P "$3"} "-Drocketmq.version=$1" dependency:copy-dependencies "-DoutputDirectory=$fetched" ||
    { rm -rf "$fetched"; return 1; }
  mv "$fetched" "$2"
}

version=${ROCKETMQ_VERSION:-5.3.3}
jars=${ROCKETMQ_JARS:-$HOME/.cache/apache-rocketmq/$version}
fetch "$version" "$jars" broker ||
  { echo "Interop tests skipped: the jars of Apache RocketMQ $version cannot be fetched"; exit 0; }
# Of 5.3.0 the tools, which have the admin client, are not published.
for client in 5.3.0: 4.9.8:tools; do
  fetch "${client%:*}" "$(dirname "$jars")/client-${client%:*}" "${client#*:}" ||
    echo "Interop tests with the client ${client%:*} skipped: its jars cannot be fetched"
done

{ fetch "$version" "$jars-proxy" proxy && fetch "$version" "$(dirname "$jars")/client-grpc" grpc; } ||
  echo "Interop tests with Apache's proxy skipped: its jars, or those of the gRPC client, cannot be fetched"

# Several tests start the command line as it was built.
npm run build --silent
echo "Interop tests with Apache RocketMQ $version"
ROCKETMQ_INTEROP_JARS=$jars npx vitest run "$@"
