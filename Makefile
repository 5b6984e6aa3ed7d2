# Maven picks JDK 25 by itself (toolchain), whatever JDK it runs on.
MVN := mvn -B -ntp
# A command of the lab: runs once everything is packaged, so that it sees the newest.
LAB := $(MVN) -q package -DskipTests -pl lab -am

.DEFAULT_GOAL := help
.PHONY: help build lab-up lab-down format clean

help: ## Say what each target does
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## Build the agent, without tests: agent/target/mirror-agent/bin/mirror-agent
	$(MVN) -q package -DskipTests

lab-up: build ## Start nodes, a registry and agents on this machine; Ctrl-C ends them (ARGS=--help)
	$(LAB) -Dlab.main=dev.registrymirror.lab.LabUp -Dlab.arguments="$(ARGS)"

lab-down: ## End the lab, and remove what a crashed one has left
	$(LAB) -Dlab.main=dev.registrymirror.lab.LabDown

format: ## Put all Java sources into google-java-format
	$(MVN) -q -Dformat=apply toolchains:select-jdk-toolchain dependency:copy@formatter exec:exec@format

clean: ## Remove all that was built
	$(MVN) -q clean
