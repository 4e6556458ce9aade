"""The parts of the tour, in the order in which `podvisor.tour.run` plays them; each shows one thing, step by step."""
