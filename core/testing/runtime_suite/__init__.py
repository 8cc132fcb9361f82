"""The runtime contract as tests, one module per group of promises; `sampan.core.testing.runtime_contract` joins them."""
