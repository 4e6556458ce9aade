"""The machine's network, and sockets that are not for guests."""

from escape.attempt import Attempt

ATTEMPTS = [
    Attempt(
        "the_machines_loopback_is_not_this_one",
        """
for host in ("127.0.0.1", "127.0.0.2", "0.0.0.0"):
    with socket.socket() as s: fails(host, lambda: s.connect((host, {port})))
with socket.socket(socket.AF_INET6) as s: fails("::1", lambda: s.connect(("::1", {port})))
with socket.socket(socket.AF_INET6) as s: fails("mapped", lambda: s.connect(("::ffff:127.0.0.1", {port})))
""",
    ),
    Attempt(
        "what_is_outside_is_not_the_machine",
        """
for host in ("127.0.0.1", "127.0.0.2", "0.0.0.0", "169.254.169.254", "224.0.0.1", "255.255.255.255"):
    with socket.socket() as s: fails(host, lambda: s.connect((host, {port})))
with socket.socket(socket.AF_INET6) as s: fails("mapped", lambda: s.connect(("::ffff:127.0.0.1", {port})))
with socket.socket() as s: fails("fastopen", lambda: s.sendto(b"x", 0x20000000, ("127.0.0.1", {port})))
""",
        flags=("--network", "outside"),
    ),
    Attempt(
        "abstract_sockets_of_the_machine_are_not_here",
        "with socket.socket(socket.AF_UNIX) as s: fails('abstract', lambda: s.connect(b'\\0{abstract}'))",
    ),
    Attempt(
        "sockets_of_the_machine_do_not_answer_through_a_mount",
        "with socket.socket(socket.AF_UNIX) as s: fails('path', lambda: s.connect('/mnt/socket'))",
        flags=("--mount", "{directory}:/mnt"),
    ),
    Attempt(
        "families_that_reach_the_machine_are_refused",
        """
for family in (3, 4, 9, 15, 17, 29, 30, 31, 32, 38, 40, 41, 42, 43, 44, 45):
    for kind in (1, 2, 3, 5): fails((family, kind), lambda: socket.socket(family, kind).fileno())
""",
    ),
    Attempt(
        "raw_sockets_are_refused",
        "for protocol in (1, 6, 17, 255): fails(protocol, lambda: socket.socket(socket.AF_INET, 3, protocol).fileno())",
    ),
    Attempt(
        "netlink_other_than_routes_is_refused",
        """
for family in (2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 15, 16, 18, 19, 20, 21):
    fails(family, lambda: socket.socket(socket.AF_NETLINK, 3, family).fileno())
""",
    ),
    Attempt(
        "a_socket_is_not_bound_to_a_device_of_the_machine",
        """
with socket.socket() as s:
    for name in (b"docker0", b"eth1", b"ens3"): fails(name, lambda: s.setsockopt(1, 25, name))
""",
    ),
    Attempt(
        "addresses_outside_do_not_answer",
        """
for host in ("192.0.2.1", "198.51.100.7"):
    with socket.socket() as s:
        s.settimeout(5)
        fails(host, lambda: s.connect((host, 80)))
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    s.settimeout(0.2)
    def ask():
        s.sendto(b"x", ("192.0.2.1", 53)); return s.recv(1)
    fails("datagram", ask)
""",
    ),
    Attempt(
        "interfaces_of_the_machine_are_not_shown",
        """
names = {name for _, name in socket.if_nameindex()}
if not names <= {"lo", "eth0"}: gained.append(names)
""",
    ),
]
