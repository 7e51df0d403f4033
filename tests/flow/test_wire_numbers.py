"""Sizes that a client claims on the wire: of a body, and of its chunks, too large, negative or no numbers at all."""

import socket

import pytest

CHUNKS = ("7fffffff", "80000000", "7fffffffffffffff", "8000000000000000", "ffffffffffffffff", "f" * 40, "f" * 5000,
          "-1", "zz", "")
LENGTHS = (2**31, 2**63, 2**64, 10**30, "9" * 5000, -1, "1e400")
PATHS = ("PUT /image/v2/images/{}/file", "POST /compute/v2.1/os-keypairs", "POST /network/v2.0/networks",
         "POST /identity/v3/users")


@pytest.fixture
def image(cloud):
    made = cloud.post("/image/v2/images", {"name": "x", "disk_format": "raw", "container_format": "bare"}).body["id"]
    yield made
    cloud.delete(f"/image/v2/images/{made}")


def status(cloud, request, header, body=b"abc"):
    """The status of the answer to ``request``, a method and path; 0 where the server only closes."""
    kind = "octet-stream" if request.startswith("PUT") else "json"
    text = (f"{request} HTTP/1.1\r\nHost: x\r\nX-Auth-Token: {cloud.token('admin')}\r\n"
            f"Content-Type: application/{kind}\r\n{header}\r\n\r\n")
    with socket.create_connection(("127.0.0.1", cloud.port), timeout=120) as client:
        client.sendall(text.encode() + body)
        client.shutdown(socket.SHUT_WR)
        try:
            answer = client.recv(4096)
        except ConnectionResetError:
            return 0
    return int(answer.split()[1]) if answer else 0


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("size", CHUNKS, ids=lambda each: each[:20])
def test_a_chunk_of_no_possible_size_is_the_clients_error(cloud, image, path, size):
    sent = status(cloud, path.format(image), "Transfer-Encoding: chunked", size.encode() + b"\r\nabc")
    assert sent in (0, 400, 413), sent


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("length", LENGTHS, ids=lambda each: str(each)[:20])
def test_a_length_of_no_possible_size_is_the_clients_error(cloud, image, path, length):
    sent = status(cloud, path.format(image), f"Content-Length: {length}")
    assert sent in (0, 400, 413), sent


def test_a_cloud_that_refused_invalid_lengths_goes_on_answering(cloud):
    assert cloud.get("/image/v2/images").status == 200
