# Needs Maven and a JDK 25, which Maven finds by itself (toolchain): it may run on another.
MVN := mvn -B -ntp
# Maven's own words for a missing JDK do not name it.
EXPLAIN := || { $(MVN) -q -N toolchains:select-jdk-toolchain >/dev/null 2>&1 || \
  echo "Maven found no JDK 25. Install one: your distribution may have it, https://adoptium.net has it for all" >&2; \
  exit 1; }
# A command of the lab: runs once everything is packaged, so that it sees the newest. With the trap
# the shell, and so make, waits until it has cleaned up after Ctrl-C.
LAB := trap : INT; $(MVN) -q package -DskipTests -pl lab -am $(EXPLAIN); lab/target/run dev.registrymirror.lab

.DEFAULT_GOAL := help
.PHONY: help build demo test e2e e2e-flux kind validate lab-up lab-down bench simulate many-nodes crd images format clean tools

help: ## Say what each target does
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Not shown by help: what the others need.
tools:
	@command -v mvn >/dev/null || { \
	  echo "Maven is missing. Debian: apt-get install maven. Elsewhere: https://maven.apache.org" >&2; \
	  exit 1; }

build: tools ## Build the agent, without tests: agent/target/mirror-agent/bin/mirror-agent
	@$(MVN) -q package -DskipTests -pl agent $(EXPLAIN)

demo: tools ## Pull an image on five nodes at once and see where every byte comes from
	@echo "Building the agent and the lab (the first time with Maven's downloads, some minutes)..."
	@$(LAB).Demo

test: tools ## Run every test and check; at the end what was skipped and why (needs root for the lab)
	rm -rf */target/surefire-reports
	$(MVN) verify; code=$$?; \
	awk -f build/skipped.awk */target/surefire-reports/TEST-*.xml; exit $$code

e2e: tools ## Install it on a real cluster of three nodes on this machine, and tell the whole story (root; 5 minutes)
	$(MVN) package -pl e2e -am -Dtest=EndToEndTest -Dsurefire.failIfNoSpecifiedTests=false

e2e-flux: tools ## Deliver it by real Flux to clusters of Talos's and of k3s's layout on this machine (root; 5 minutes)
	$(MVN) package -pl e2e -am -Dtest='Flux*Test' -Dsurefire.failIfNoSpecifiedTests=false

kind: tools ## Tell the story in brief on a cluster of kind: with Docker, kind, kubectl and Helm, without root
	@for one in docker kind kubectl helm; do command -v $$one >/dev/null || missing="$$missing $$one"; done; \
	test -z "$$missing" || { echo "make kind needs Docker, kind, kubectl and Helm; not found:$$missing" >&2; exit 2; }
	@docker info >/dev/null 2>&1 || { echo "make kind needs Docker, whose daemon does not answer: docker info" >&2; exit 2; }
	$(MVN) package -pl e2e -am -Dtest=KindTest -Dsurefire.failIfNoSpecifiedTests=false

validate: tools ## Check the Flux bundle: build it as Flux does, for each cluster, before a real API server
	@$(LAB).flux.Validate

# 143: ended by lab-down, which is well.
lab-up: tools ## Start nodes, a registry and agents on this machine; Ctrl-C ends them (ARGS=--help)
	@$(LAB).LabUp $(ARGS) || [ $$? -eq 143 ]

lab-down: tools ## End the lab, and remove what a crashed one has left
	@$(LAB).LabDown

bench: tools ## Measure beside nginx, none and Spegel, if SPEGEL=<its binary> (root; ARGS=mirror 5, ARGS=herd 20 minutes)
	@$(LAB).bench.Bench $(ARGS)

simulate: tools ## Pull an image on 5,000 nodes at once, in one process and virtual time (4 GB; 5 minutes)
	@$(MVN) -q -pl agent test-compile exec:exec@simulate $(EXPLAIN)

many-nodes: tools ## Measure the operator's memory with 1,000 nodes, on a real API server (5 minutes)
	@$(MVN) -q package -DskipTests -pl operator -am -Dmany-nodes.phase=package $(EXPLAIN)

crd: tools ## Generate the chart's CustomResourceDefinition from the operator's types
	@$(MVN) -q -pl operator -am process-test-classes -Dcrd.phase=process-test-classes $(EXPLAIN)

# For arm64, too, with ARM64_JDK=<a JDK 25 for it, with jmods> ARM64_ROOT=<a Debian's root for it>.
images: tools ## Make the images of agent and operator, without Docker: images/target/*.tar (or PUSH=registry.example.com/registry-mirror)
	@$(MVN) -q package -DskipTests -pl images -am -Dimages.push=$(PUSH) \
	  -Dimages.arm64.jdk=$(ARM64_JDK) -Dimages.arm64.root=$(ARM64_ROOT) $(EXPLAIN)
	@$(MVN) -q org.cyclonedx:cyclonedx-maven-plugin:makeBom -pl agent,operator
	@for one in agent operator; do cp $$one/target/bom.json images/target/$$one.cdx.json; done; ls images/target/*.tar images/target/*.json

# With what comes before: the lab's part of it needs the agent's artifacts.
format: tools ## Put all Java sources into google-java-format
	$(MVN) -q verify -DskipTests -Dformat=apply

clean: tools ## Remove all that was built
	$(MVN) -q clean
