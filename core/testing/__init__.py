"""What plugin authors import for their tests: contract suites, fakes that hold state, fixtures."""
