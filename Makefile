# Maven picks JDK 25 by itself (toolchain), whatever JDK it runs on.
MVN := mvn -B -ntp

.DEFAULT_GOAL := help
.PHONY: help build format clean

help: ## Say what each target does
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## Build the agent, without tests: agent/target/mirror-agent/bin/mirror-agent
	$(MVN) -q package -DskipTests

format: ## Put all Java sources into google-java-format
	$(MVN) -q -Dformat=apply toolchains:select-jdk-toolchain dependency:copy@formatter exec:exec@format

clean: ## Remove all that was built
	$(MVN) -q clean
