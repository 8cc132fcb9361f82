"""What sampan expects of every balancer, and what is this one's own."""

import ferry

from sampan.core.testing.balancer_contract import ENDPOINTS, BalancerContract


class TestFerry(BalancerContract):
    def make(self):
        return ferry.Ferry()

    def test_a_client_keeps_to_its_endpoint_when_another_one_leaves(self):
        balancer = self.made(*ENDPOINTS)
        first, *others = balancer.order("10.0.9.1")
        balancer.update([first, *others[1:]])
        assert balancer.order("10.0.9.1")[0] == first
