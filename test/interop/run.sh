#!/usr/bin/env bash
# Runs the interop tests: our client against a real Apache RocketMQ, and the official Java client against our engine.
# Needs Java 17 and Maven, and the free loopback ports 29876, 20909, 20911 and 20912. ROCKETMQ_VERSION picks the version.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
for tool in java javac mvn; do
  command -v "$tool" > /dev/null || { echo "Interop tests skipped: there is no $tool"; exit 0; }
done

version=${ROCKETMQ_VERSION:-5.3.3}
jars=${ROCKETMQ_JARS:-$HOME/.cache/apache-rocketmq/$version}
[ -d "$jars" ] || mvn -q -B -f "$here/pom.xml" "-Drocketmq.version=$version" dependency:copy-dependencies "-DoutputDirectory=$jars"

work=$(mktemp -d)
pids=()
stop() {
  [ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2> /dev/null || true
  wait 2> /dev/null || true
  rm -rf "$work"
}
trap stop EXIT

launch() { # NAME CLASS PROPERTY...
  printf '%s\n' "${@:3}" > "$work/$1.properties"
  ROCKETMQ_HOME=$work java -Xmx768m -XX:MaxDirectMemorySize=512m "-Duser.home=$work" \
    --add-opens=java.base/{java.lang,java.util,java.nio,sun.nio.ch}=ALL-UNNAMED --add-exports=java.base/jdk.internal.ref=ALL-UNNAMED \
    -cp "$jars/*" "$2" -c "$work/$1.properties" > "$work/$1.out" 2>&1 &
  pids+=($!)
}
wait_for() { # NAME TEXT
  for _ in $(seq 300); do
    grep -qs "$2" "$work/$1.out" && return
    sleep 0.2
  done
  echo "$1 did not start:" >&2
  tail -20 "$work/$1.out" >&2
  exit 1
}

launch namesrv org.apache.rocketmq.namesrv.NamesrvStartup bindAddress=127.0.0.1 listenPort=29876
wait_for namesrv 'boot success'
launch broker org.apache.rocketmq.broker.BrokerStartup brokerClusterName=DefaultCluster brokerName=broker-a brokerId=0 \
  bindAddress=127.0.0.1 brokerIP1=127.0.0.1 listenPort=20911 haListenPort=20912 namesrvAddr=127.0.0.1:29876 \
  "storePathRootDir=$work/store" flushDiskType=ASYNC_FLUSH
wait_for broker 'boot success'

ROCKETMQ_INTEROP_NAMESRV=127.0.0.1:29876 ROCKETMQ_INTEROP_JARS=$jars npx vitest run "$@"
