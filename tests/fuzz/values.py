"""Values that programs, people and attackers send where a number, a date, a key or a word was expected."""

ZERO_UUID = "00000000-0000-0000-0000-000000000000"

# Text as a browser would send it; each goes in turn into all inputs of a page at once.
TEXTS: tuple[str, ...] = (
    "",
    "0",
    "-1",
    "9" * 40,
    "1e999",
    "NaN",
    "-Infinity",
    "²",  # isdigit(), but int() refuses it
    "٣",  # a digit in another script, which int() takes
    "9223372036854775808",  # one more than a bigint holds
    "9999-12-31",
    "0001-01-01",
    "2026-02-30",
    "9999-12-31T23:59:59",
    "2026-10-25T02:30",  # an hour that comes twice in Paris
    "2026-03-29T02:30",  # an hour that does not exist there
    "nul\x00byte",
    "line\r\nbreak: header",
    "\u202eevil\u200d\ufeff",
    "'\";--%s{{7*7}}{% now %}<script>alert(1)</script>",
    "../../../../etc/passwd",
    "//evil.example/",
    "http://[broken",
    ZERO_UUID,
    "not-a-key",
    "[]",
    "-id.-1.0",
    "a" * 20_000,
    "é" * 300 + "🐝",
)

# Query strings and form bodies as bytes, which no browser makes.
RAW: tuple[bytes, ...] = (
    b"%",
    b"%FF%FE=%ED%A0%80",
    b"a=%00&%00=a",
    b"&&&===",
    b"q=%u0041&page=%zz",
    b"x[]=1&x[a][b]=2",
    b"&".join(b"p%d=1" % number for number in range(1_100)),
)

PART = b"--x\r\nContent-Disposition: form-data; %s\r\n\r\n1\r\n--x--"
# Bodies of another kind than the page's form.
BODIES: tuple[tuple[str, bytes], ...] = (
    ("application/x-www-form-urlencoded; charset=utf-16", b"text=\xff\xfea\x00"),
    ("application/x-www-form-urlencoded; charset=nonsense", b"text=a"),
    ("application/x-www-form-urlencoded; charset=idna", b"text=a"),
    ("multipart/form-data", b"no boundary"),
    ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\nunfinished'),
    ("multipart/form-data; boundary=" + "x" * 300, b"--x"),
    (
        "multipart/form-data; boundary=x; charset=utf-16",
        b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--',
    ),
    (
        "multipart/form-data; boundary=x",
        PART % b'name="file"; filename="a\x00.txt"\r\nContent-Type: \xff',
    ),
    (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="text"\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!\r\n--x--',
    ),
    ("application/json", b'{"text": '),
    ("application/json", b"[" * 50_000),
    ("text/xml", b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>"),
    ("", b"\x00\x01\x02"),
)

# Headers that the platform or a library reads.
HEADERS: tuple[dict[str, str], ...] = (
    {"Accept-Language": "fr;q=x,\x80\xff,*;q=1e99," + "a-" * 200},
    {"HX-Request": "true", "HX-Target": "\xe9\xff<script>", "HX-Current-URL": "http://[broken"},
    {"HX-Request": "true", "HX-Prompt": "%ff", "HX-Prompt-URI-AutoEncoded": "true"},
    {"Cookie": "session=%00; csrf=\xff; django_language=../../x; =;;"},
    {"Cookie": "session=" + "a" * 4_000},
    {"Referer": "http://[broken", "Origin": "null"},
    {"If-Modified-Since": "Fri, 31 Dec 9999 23:59:59 GMT", "If-None-Match": "\xff", "Range": "bytes=-1--2,9-"},
    {"X-Forwarded-For": "\xff, 999.999.1.1,, [::1", "X-Forwarded-Proto": "gopher", "X-Forwarded-Host": "evil.example"},
    {"Last-Event-ID": "\x80-1", "Content-Length": "-1"},
    {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "x"},
)

METHODS = ("HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "É")

# In the place of an argument of an address.
ARGUMENTS: tuple[str, ...] = (
    "not-a-key",
    ZERO_UUID,
    "9" * 40,
    "-1",
    "%00",
    "%FF",
    "²",
    "a" * 3_000,
    "..%2F..%2Fetc",
    "None",
    "_5F_00",  # how the console escapes a NUL in a key
    "9999-12-31",
)
