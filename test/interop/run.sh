#!/usr/bin/env bash
# Runs the interop tests: our client against a real Apache RocketMQ, and the official Java client against our engine.
# Needs Java 17 and Maven, and says so where they are not there. ROCKETMQ_VERSION picks the version (5.3.3, 5.5.0); its jars
# are fetched once, to ROCKETMQ_JARS. Arguments are those of vitest.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
for tool in java javac mvn; do
  command -v "$tool" > /dev/null || { echo "Interop tests skipped: there is no $tool"; exit 0; }
done

version=${ROCKETMQ_VERSION:-5.3.3}
jars=${ROCKETMQ_JARS:-$HOME/.cache/apache-rocketmq/$version}
if [ ! -d "$jars" ]; then
  # Complete or not there at all, whatever happens meanwhile.
  mkdir -p "$(dirname "$jars")"
  fetched=$(mktemp -d "$jars.XXXXXX")
  trap 'rm -rf "$fetched"' EXIT
  mvn -q -B -f "$here/pom.xml" "-Drocketmq.version=$version" dependency:copy-dependencies "-DoutputDirectory=$fetched" ||
    { echo "Interop tests skipped: the jars of Apache RocketMQ $version cannot be fetched"; exit 0; }
  mv "$fetched" "$jars"
fi

echo "Interop tests with Apache RocketMQ $version"
ROCKETMQ_INTEROP_JARS=$jars npx vitest run "$@"
