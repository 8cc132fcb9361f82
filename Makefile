# The two commands, for those who have make; the scripts need only bash.
.PHONY: demo test ci

demo: ## install into .venv, start a cluster, deploy an example, print its URL
	@bash examples/demo.sh

test: ## run everything that this machine can
	@bash tests/run

ci: ## as root on a throw-away Debian: engines and test images too
	@bash .ci/run
