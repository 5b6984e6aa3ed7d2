# Needs Maven and a JDK 25, which Maven finds by itself (toolchain): it may run on another.
MVN := mvn -B -ntp
# A command of the lab: runs once everything is packaged, so that it sees the newest.
LAB := $(MVN) -q package -DskipTests -pl lab -am

.DEFAULT_GOAL := help
.PHONY: help build test lab-up lab-down format clean

help: ## Say what each target does
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## Build the agent, without tests: agent/target/mirror-agent/bin/mirror-agent
	$(MVN) -q package -DskipTests

test: ## Run every test and check; at the end what was skipped and why (needs root for the lab)
	rm -rf */target/surefire-reports
	$(MVN) verify; code=$$?; \
	awk -f build/skipped.awk */target/surefire-reports/TEST-*.xml; exit $$code

lab-up: ## Start nodes, a registry and agents on this machine; Ctrl-C ends them (ARGS=--help)
	$(LAB) -Dlab.main=dev.registrymirror.lab.LabUp -Dlab.arguments="$(ARGS)"

lab-down: ## End the lab, and remove what a crashed one has left
	$(LAB) -Dlab.main=dev.registrymirror.lab.LabDown

format: ## Put all Java sources into google-java-format
	$(MVN) -q -Dformat=apply toolchains:select-jdk-toolchain dependency:copy@formatter exec:exec@format

clean: ## Remove all that was built
	$(MVN) -q clean
