"""The parts as processes (各部件): a port that is taken is noticed before anything is started."""

import socket

import pytest

from dispatch.parts import PortTaken, require_free


def test_a_port_that_somebody_listens_on_is_refused_with_a_hint() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(PortTaken) as fault:
            require_free("127.0.0.1", taken.getsockname()[1])
    assert "--port" in (fault.value.advice or "")


def test_a_free_port_is_left_free() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    require_free("127.0.0.1", port)
    require_free("127.0.0.1", port)
