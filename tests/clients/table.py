"""The clients of the table: which program posts, and in which of its ways."""

from typing import Final, NamedTuple


class Client(NamedTuple):
    """A row of the table.

    Attributes:
        name: for readers.
        program: `curl` or a folder beside this file.
        way: of the program, the argument of its `post`; for curl its options.
    """

    name: str
    program: str
    way: str


JSON: Final = "--header Content-Type:application/json --data-binary @{batch}"

CLIENTS: Final = (
    Client("Python, cloudevents 2, binary", "python", "sdk:binary"),
    Client("Python, cloudevents 2, structured", "python", "sdk:structured"),
    Client("Python, cloudevents with its interface of version 1, binary", "python", "sdk-1:binary"),
    Client("Python, cloudevents with its interface of version 1, structured", "python", "sdk-1:structured"),
    Client("Python, requests with `json=`", "python", "requests"),
    Client("Python, requests with a generator, batch in chunks", "python", "requests-stream"),
    Client("Python, httpx with `json=`, array", "python", "httpx"),
    Client("Python, aiohttp with `json=`, arrays at once", "python", "aiohttp"),
    Client("JavaScript, cloudevents 10, its default (binary)", "javascript", "sdk:binary"),
    Client("JavaScript, cloudevents 10, structured", "javascript", "sdk:structured"),
    Client("JavaScript, cloudevents 10 with fetch, binary", "javascript", "sdk-fetch:binary"),
    Client("JavaScript, cloudevents 10 with fetch, structured", "javascript", "sdk-fetch:structured"),
    Client("JavaScript, fetch of Node.js, batch", "javascript", "fetch"),
    Client("Go, sdk-go 2, its default (binary)", "go", "sdk:binary"),
    Client("Go, sdk-go 2, structured", "go", "sdk:structured"),
    Client("Go, sdk-go 2, batch", "go", "sdk:batch"),
    Client("Go, net/http, structured", "go", "net/http"),
    Client("Java, sdk-java 4 with HttpClient, binary", "java", "sdk:binary"),
    Client("Java, sdk-java 4 with HttpClient, structured", "java", "sdk:structured"),
    Client("Java, sdk-java 4 with HttpURLConnection, binary", "java", "sdk-urlconnection:binary"),
    Client("Java, HttpClient as it is made, structured", "java", "HttpClient:structured"),
    Client("Java, HttpClient as it is made, batch", "java", "HttpClient:batch"),
    Client("Java, HttpClient with a stream, batch in chunks", "java", "HttpClient-stream:batch"),
    Client("`curl --http1.1`", "curl", f"--http1.1 {JSON}"),
    Client("`curl --http2`", "curl", f"--http2 {JSON}"),
    Client("`curl --http1.0`", "curl", f"--http1.0 {JSON}"),
    Client("`curl --http2 --upload-file`, in chunks", "curl", "--http2 --request POST --upload-file -"),
    Client("`curl --upload-file`, in chunks, after 100", "curl", "--http1.1 -H Expect:100-continue -X POST -T -"),
)
