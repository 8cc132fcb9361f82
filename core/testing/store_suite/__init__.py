"""The store contract as tests, one module per group of promises; `sampan.core.testing.store_contract` joins them."""
