#!/usr/bin/env bash
# The source and the sink on a real Kafka broker, one node that is started here: the kits, a rebalance, and a wheel that is
# killed again and again. Needs Go, Python 3 and 1 GB of memory; installs Java and Maven by apt-get if they are absent, and the broker
# from Maven Central into the user's cache.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

version=4.1.1
work=$(mktemp -d)
broker=""
cleanup() {
	if [[ -n $broker ]]; then
		kill "$broker" 2>"$work/null" || true
		wait "$broker" 2>"$work/null" || true
	fi
	rm -rf "$work"
}
trap cleanup EXIT

fail() {
	printf '%s\n' "$1" >&2
	exit 1
}

if ! command -v java >"$work/null" || ! command -v mvn >"$work/null"; then
	apt-get update -q
	apt-get install -y -q default-jre-headless maven
fi
jars=${XDG_CACHE_HOME:-$HOME/.cache}/pelton/kafka-$version
if [[ ! -e $jars/complete ]]; then
	echo "installing into $jars"
	rm -rf "$jars"
	cat >"$work/pom.xml" <<-POM
		<project xmlns="http://maven.apache.org/POM/4.0.0">
		  <modelVersion>4.0.0</modelVersion>
		  <groupId>pelton</groupId><artifactId>broker</artifactId><version>1</version><packaging>pom</packaging>
		  <dependencies>
		    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>$version</version></dependency>
		  </dependencies>
		</project>
	POM
	mvn -q -B -f "$work/pom.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$jars"
	touch "$jars/complete"
fi

# Two ports that are free now. They may be taken until the broker has them: then it ends, and this step fails.
read -r port control < <(python3 -c 'import socket
s = [socket.socket() for _ in range(2)]
for x in s: x.bind(("127.0.0.1", 0))
print(*[x.getsockname()[1] for x in s])')
cat >"$work/server.properties" <<-CONF
	process.roles=broker,controller
	node.id=1
	controller.quorum.voters=1@127.0.0.1:$control
	listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$control
	advertised.listeners=PLAINTEXT://127.0.0.1:$port
	controller.listener.names=CONTROLLER
	log.dirs=$work/data
	offsets.topic.replication.factor=1
	offsets.topic.num.partitions=4
	transaction.state.log.replication.factor=1
	transaction.state.log.min.isr=1
	group.initial.rebalance.delay.ms=0
	auto.create.topics.enable=false
CONF
kafka() { java -Xmx384m -cp "$jars/*" "$@"; }
kafka kafka.tools.StorageTool format -t "$(kafka kafka.tools.StorageTool random-uuid 2>>"$work/log" | tail -1)" \
	-c "$work/server.properties" >>"$work/log" 2>&1 || fail "format: $(cat "$work/log")"
java -Xmx384m -cp "$jars/*" kafka.Kafka "$work/server.properties" >>"$work/log" 2>&1 &
broker=$!
for ((i = 0; i < 600; i++)); do
	if (: <>"/dev/tcp/127.0.0.1/$port") 2>"$work/null"; then break; fi
	kill -0 "$broker" || fail "the broker ended: $(cat "$work/log")"
	read -rt 0.1 <><(:) || true
done
echo "=== Kafka $version listens on 127.0.0.1:$port"

export PELTON_KAFKA=127.0.0.1:$port
go test -count=1 -tags kafka -run '^TestReal' ./source/kafka ./sink/kafka ./internal/e2e
echo "=== Kafka is good"
