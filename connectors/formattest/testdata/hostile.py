"""Makes the hostile files of every format's testdata/hostile: python hostile.py, in this folder.

What a reader must say of each stands in expected.tsv beside them; whoever adds a file adds its line.
"""

import gzip
import io
import os
import struct
import zipfile
import zlib

import pyarrow as pa  # pip install pyarrow zstandard
import pyarrow.parquet as pq
import zstandard

HERE = os.path.dirname(os.path.abspath(__file__))


def put(package, files):
    folder = os.path.join(HERE, "..", "..", package, "testdata", "hostile")
    os.makedirs(folder, exist_ok=True)
    for name, data in files.items():
        with open(os.path.join(folder, name), "wb") as f:
            f.write(data if isinstance(data, bytes) else data.encode())


put("csvfile", {
    "quote-never-closed.csv": 'id;name\n1;"Aino\n2;Olli\n',
    "quotes-inside.csv": 'id;name\n1;"a"b"\n2;a"b"\n3;"""\n";x\n',
    "quoted-printable.csv": "id;name\n1;N=C3=A4yte=\n2;=?utf-8?Q?=C3=85sa?=\n3;=3B=0A\n",
    "control.csv": b"id;name\n1;a\x00b\n2;\x1b[2J\n3;x\n",
    "overlong.csv": b"id;name\n1;\xc0\xaf\n",
    "surrogate.csv": b"id;name\n1;\xed\xa0\x80\n",
    "two-encodings.csv": b"id;name\n1;\xc3\xa4\n2;\xe4\n",
    "utf16-half-pair.csv": b"\xff\xfe" + "id;name\n1;".encode("utf-16le") + b"\x00\xd8\n\x00",
    "utf16-odd.csv": b"\xff\xfe" + "id;name\n1;x\n".encode("utf-16le") + b"x",
    "utf7.csv": "id;name\n+ADw-1+AD4-;x\n",
    "many-columns.csv": "id;name" + ";x" * 4100 + "\n1;2\n",
    "many-fields.csv": "id;name\n1;2" + ";x" * 4100 + "\n2;x\n",
    "header-twice.csv": "id;name;ID\n1;2;3\n",
    "header-invisible.csv": "id;na\u200bme;n\u202eame\n1;2;3\n",
    "bare-returns.csv": "id;name\r1;a\r\r\r2;b\r",
    "returns-and-quotes.csv": 'id;name\r\n1;"a\r\n"";""\r"\r\n2;b\r\n',
    "only-delimiters.csv": "id;name\n" + ";\n" * 1000,
    "formulas.csv": "id;name\n1;=cmd|'/c calc'!A1\n2;@SUM(1)\n3;-1+1\n",
    "no-header.csv": "1;2\n3;4\n",
    "empty.csv": "",
})

put("xmlfile", {
    "laughs.xml": '<!DOCTYPE l [<!ENTITY a "ha">' + "".join(f'<!ENTITY a{i} "{("&a" + (str(i - 1) if i else "") + ";") * 10}">' for i in range(9)) + "]><rows><row><name>&a8;</name></row></rows>",
    "quadratic.xml": '<!DOCTYPE l [<!ENTITY a "' + "x" * 5000 + '">]><rows><row><name>' + "&a;" * 1000 + "</name></row></rows>",
    "external.xml": '<!DOCTYPE l [<!ENTITY x SYSTEM "file:///etc/hostname">]><rows><row><name>&x;</name></row></rows>',
    "parameter.xml": '<!DOCTYPE l [<!ENTITY % x SYSTEM "http://127.0.0.1/x.dtd"> %x;]><rows><row/></rows>',
    "deep.xml": "<rows><row>" + "<a>" * 2000 + "</a>" * 2000 + "</row></rows>",
    "deep-never-closed.xml": "<rows><row>" + "<a>" * 2000,
    "many-attributes.xml": "<rows><row " + " ".join(f'a{i}="1"' for i in range(3000)) + "/></rows>",
    "attribute-twice.xml": '<rows><row id="1" id="2"/></rows>',
    "attribute-twice-by-namespace.xml": '<rows xmlns:a="u" xmlns:b="u"><row a:id="1" b:id="2"/></rows>',
    "includes.xml": '<rows xmlns:xi="http://www.w3.org/2001/XInclude"><row><name><xi:include href="file:///etc/hostname" parse="text"/></name></row></rows>',
    "declared-otherwise.xml": b'<?xml version="1.0" encoding="UTF-16"?><rows><row><name>x</name></row></rows>',
    "two-roots.xml": "<rows><row><name>1</name></row></rows><rows><row><name>2</name></row></rows>",
    "text-behind.xml": "<rows><row><name>1</name></row></rows>x",
    "cut-in-record.xml": "<rows><row><name>1</name></row><row><na",
    "crossed.xml": "<rows><row><name>1</row></name></rows>",
    "surrogate.xml": "<rows><row><name>&#xDC00;</name></row></rows>",
    "null.xml": "<rows><row><name>&#0;</name></row></rows>",
    "overlong.xml": b"<rows><row><name>\xc0\xbc</name></row></rows>",
    "other-names.xml": '<rows xmlns="urn:x"><roW><name>1</name></roW></rows>',
    "several.xml": "<rows><row><name>1</name><name>2</name></row><row><name>3</name></row></rows>",
})

put("jsonfile", {
    "deep.json": "[" * 2000 + "]" * 2000,
    "deep-in-record.json": '[{"id":' + "[" * 2000 + "]" * 2000 + "}]",
    "deep-never-closed.json": '[{"id":' + '{"a":' * 2000,
    "name-twice.json": '[{"id":1,"name":"a","name":"b"},{"id":2}]',
    "name-twice-escaped.json": r'[{"id":1,"name":"a","n\u0061me":"b"},{"id":2}]',
    "name-twice-deep.json": '[{"id":1,"x":{"y":[{"z":1,"z":2}]}},{"id":2}]',
    "large-numbers.json": '[{"id":9007199254740993},{"id":1e400},{"id":2}]',
    "odd-numbers.json": '[{"id":01}]',
    "not-a-number.json": '[{"id":NaN}]',
    "half-pair.json": r'[{"id":1,"name":"\ud800"},{"id":2}]',
    "null-character.json": r'[{"id":1,"name":"a\u0000"},{"id":2}]',
    "comments.json": '[{"id":1} /* x */]',
    "trailing-comma.json": '[{"id":1},]',
    "single-quotes.json": "[{'id':1}]",
    "cut.json": '[{"id":1},{"id":2}',
    "text-behind.json": '[{"id":1}] x',
    "utf16.json": b"\xff\xfe" + '[{"id":1}]'.encode("utf-16le"),
    "overlong.json": b'[{"id":"\xc0\xaf"}]',
    "many-names.json": '[{"id":1,' + ",".join(f'"k{i}":1' for i in range(3000)) + "}]",
    "no-objects.json": '[1,"x",[2],{"id":3}]',
})

put("ldiffile", {
    "continuation-first.ldif": " x\ndn: a\nid: 1\n\n",
    "continuation-of-nothing.ldif": "dn: a\nid: 1\n\n x\ndn: b\nid: 2\n\n",
    "continuation-endless.ldif": "dn: a\nid: " + "x\n " * 30000 + "x\n\ndn: b\nid: 2\n\n",
    "continuation-of-blanks.ldif": "dn: a\nid: 1\n" + " \n" * 1000 + "\ndn: b\nid: 2\n\n",
    "continuation-in-a-character.ldif": b"dn: a\nid: 1\nname: \xc3\n \xa4\n\n",
    "continuation-of-dn.ldif": "d\n n: a\nid: 1\n\n",
    "continuation-of-a-comment.ldif": "# c\n dn: a\n id: 1\ndn: b\nid: 2\n\n",
    "continuation-of-base64.ldif": "dn: a\nid:: M\n Q\n =\n =\n\n",
    "base64-damaged.ldif": "dn: a\nid:: M===\n\ndn: b\nid: 2\n\n",
    "base64-control.ldif": "dn: a\nid:: AAA=\n\ndn: b\nid: 2\n\n",
    "base64-bytes.ldif": "dn: a\nid:: /9j/\n\ndn: b\nid: 2\n\n",
    "address.ldif": "dn: a\nid:< file:///etc/hostname\n\ndn: b\nid: 2\n\n",
    "changes.ldif": "dn: a\nchangetype: delete\n\ndn: b\nid: 2\n\n",
    "two-names.ldif": "dn: a\nid: 1\ndn: b\nid: 2\n\n",
    "no-name.ldif": "id: 1\n\n",
    "no-end.ldif": "dn: a\nid: 1\n",
    "limit-reached.ldif": "dn: a\nid: 1\n\nsearch: 2\nresult: 4 Size limit exceeded\n",
    "counted-otherwise.ldif": "dn: a\nid: 1\n\n# numEntries: 2\n",
    "latin1.ldif": b"dn: a\nid: \xe4\n\n",
})

put("fixedfile", {
    "short.txt": "0001Aino\n00\n0003Olli\n",
    "long.txt": "0001Aino" + "x" * 70000 + "\n0002Olli\n",
    "endless.txt": "0" * 100000,
    "control.txt": b"0001A\x00no\n0002Olli\n",
    "overlong.txt": b"0001\xc0\xaf\n",
    "wide.txt": "0001\u00c5sa\U0001d11e\n0002Olli\n",
    "tabs.txt": "0001\tA\n0002Olli\n",
    "blank.txt": "\n \n\n",
    "empty.txt": "",
})


def archive(*members, method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as z:
        for name, data in members:
            z.writestr(zipfile.ZipInfo(name, (2026, 11, 1, 0, 0, 0)), data, method)
    return out.getvalue()


def overlap(copies):
    """Many entries of the directory that share the bytes of one."""
    data = b"id;name\n" + b"0" * (1 << 20)
    packed = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = packed.compress(data) + packed.flush()
    local = struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, 0, 8, 0, 0, zlib.crc32(data), len(body), len(data), 1, 0) + b"a" + body
    central = b"".join(struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 20, 20, 0, 8, 0, 0, zlib.crc32(data), len(body), len(data), 1, 0, 0, 0, 0, 0, 0) + b"a" for _ in range(copies))
    return local + central + struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, copies, copies, len(central), len(local), 0)


def changed(data, old, new, count=-1):
    assert old in data
    return data.replace(old, new, count)


one = archive(("rows", "id;name\n" + "1;x\n" * 1000))
size = struct.pack("<I", 8 + 4000)
put("archive", {
    "ratio.zip": archive(("rows", b"0" * (8 << 20))),
    "overlap.zip": overlap(100),
    "says-less.zip": changed(one, size, struct.pack("<I", 100)),
    "says-more.zip": changed(one, size, struct.pack("<I", 1 << 20)),
    "says-no-size.zip": changed(one, size, struct.pack("<I", 0xFFFFFFFF)),
    "checksum.zip": changed(one, struct.pack("<I", zlib.crc32(b"id;name\n" + b"1;x\n" * 1000)), b"abcd"),
    "up.zip": archive(("../rows", "x")),
    "rooted.zip": archive(("/rows", "x")),
    "backslash.zip": archive(("a\\..\\rows", "x")),
    "drive.zip": archive(("C:rows", "x")),
    "twice.zip": changed(archive(("rows", "x"), ("rowz", "y")), b"rowz", b"rows"),
    "case.zip": archive(("rows", "x"), ("ROWS", "y")),
    "file-and-folder.zip": archive(("rows", "x"), ("rows/a", "y")),
    "right-to-left.zip": archive(("ro\u202esw", "x")),
    "many.zip": archive(*((f"{i:05d}", "") for i in range(101))),
    "encrypted.zip": changed(changed(one, b"PK\x03\x04\x14\x00\x00\x00", b"PK\x03\x04\x14\x00\x01\x00"), b"PK\x01\x02\x14\x03\x14\x00\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01\x00"),
    "cut.zip": one[:-10],
    "no-archive.zip": "id;name\n1;x\n",
})

flat = b"0" * (64 << 20)
put("compressed", {
    "ratio.gz": gzip.compress(flat, 9, mtime=0),
    "ratio.zst": zstandard.ZstdCompressor(level=3).compress(flat),
    "window.zst": struct.pack("<I", 0xFD2FB528) + b"\x00\xa8" + b"\x01\x00\x00",
    "says-much.zst": struct.pack("<I", 0xFD2FB528) + b"\xe0" + struct.pack("<Q", 1 << 60) + b"\x01\x00\x00",
    "checksum.gz": gzip.compress(b"id;name\n" * 100, mtime=0)[:-8] + b"abcd" + struct.pack("<I", 800),
    "says-less.gz": gzip.compress(b"id;name\n" * 100, mtime=0)[:-4] + struct.pack("<I", 8),
    "text-behind.gz": gzip.compress(b"id;name\n" * 100, mtime=0) + b"more",
    "cut.gz": gzip.compress(b"id;name\n" * 100, mtime=0)[:-9],
    "nested.gz": gzip.compress(gzip.compress(flat, 9, mtime=0), 9, mtime=0),
    "no-compression.gz": "id;name\n",
    "empty.gz": b"",
})

types = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
book = {
    "_rels/.rels": f'<Relationships><Relationship Id="r" Type="{types}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/_rels/workbook.xml.rels": f'<Relationships><Relationship Id="r1" Type="{types}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="r2" Type="{types}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
    "xl/workbook.xml": '<workbook><sheets><sheet name="s" sheetId="1" id="r1"/></sheets></workbook>',
    "xl/sharedStrings.xml": "<sst><si><t>id</t></si><si><t>name</t></si></sst>",
    "xl/worksheets/sheet1.xml": "<worksheet><sheetData>%s</sheetData></worksheet>",
}
head = '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>'


def sheet(rows, **parts):
    files = dict(book)
    files["xl/worksheets/sheet1.xml"] = files["xl/worksheets/sheet1.xml"] % (head + rows)
    files.update({{"rels": "xl/_rels/workbook.xml.rels", "strings": "xl/sharedStrings.xml", "workbook": "xl/workbook.xml"}[k]: v for k, v in parts.items()})
    return archive(*files.items())


put("xlsx", {
    "ratio.xlsx": sheet("<row><c><v>" + "0" * (8 << 20) + "</v></c></row>"),
    "laughs.xlsx": sheet("", strings='<!DOCTYPE s [<!ENTITY a "ha">]><sst><si><t>&a;</t></si></sst>'),
    "external-workbook.xlsx": sheet("", rels=f'<Relationships><Relationship Id="r1" Type="{types}/worksheet" TargetMode="External" Target="http://127.0.0.1/sheet1.xml"/></Relationships>'),
    "sheet-outside.xlsx": sheet("", rels=f'<Relationships><Relationship Id="r1" Type="{types}/worksheet" Target="../../../etc/hostname"/></Relationships>'),
    "deep.xlsx": sheet("<d>" * 5000 + "</d>" * 5000),
    "no-such-string.xlsx": sheet('<row><c t="s"><v>99</v></c></row>'),
    "negative-string.xlsx": sheet('<row><c t="s"><v>-1</v></c></row>'),
    "rows-out-of-order.xlsx": sheet('<row r="5"><c><v>1</v></c></row><row r="2"><c><v>2</v></c></row>'),
    "row-beyond.xlsx": sheet('<row r="4294967298"><c><v>1</v></c></row>'),
    "column-beyond.xlsx": sheet('<row r="2"><c r="ZZZZZZ2"><v>1</v></c></row>'),
    "far-columns.xlsx": sheet('<row r="2"><c r="XFD2"><v>1</v></c></row><row r="3"><c><v>1</v></c></row>'),
    "control.xlsx": sheet('<row><c t="inlineStr"><is><t>a_x0000_</t></is></c></row><row><c><v>1</v></c></row>'),
    "numbers.xlsx": sheet('<row><c><v>1e999</v></c><c><v>0x10</v></c></row><row><c><v>--1</v></c><c><v>2</v></c></row>'),
    "cut-sheet.xlsx": sheet("<row><c><v>1</v></c>"),
    "never-closed.xlsx": archive(*{**book, "xl/worksheets/sheet1.xml": "<worksheet><sheetData>" + head}.items()),
    "encrypted.xlsx": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 504,
    "no-workbook.xlsx": archive(("a", "b")),
    "text.xlsx": "id;name\n1;x\n",
    "cut.xlsx": sheet("")[:-30],
})


def parquet(rows=3, **options):
    out = io.BytesIO()
    pq.write_table(pa.table({"id": [str(i) for i in range(rows)], "name": ["Aino"] * rows}), out, **options)
    return out.getvalue()


def footer(length):
    return whole[:-8] + struct.pack("<I", length) + b"PAR1"


whole = parquet(use_dictionary=False, compression="none")
lz4 = parquet(1000, use_dictionary=False, compression="lz4")
put("parquetfile", {
    "footer-longer-than-the-file.parquet": footer(0x7FFFFFFF),
    "footer-of-the-file.parquet": footer(len(whole) - 8),
    "footer-of-nothing.parquet": footer(0),
    "footer-shorter.parquet": footer(struct.unpack("<I", whole[-8:-4])[0] - 5),
    "footer-longer.parquet": footer(struct.unpack("<I", whole[-8:-4])[0] + 5),
    "footer-encrypted.parquet": whole[:-4] + b"PARE",
    "list-of-two-thousand-millions.parquet": b"PAR1" + b"\x15\x02\x19\xfc\xff\xff\xff\xff\x07\x00" + struct.pack("<I", 10) + b"PAR1",
    "nested.parquet": b"PAR1" + b"\x1c" * 5000 + struct.pack("<I", 5000) + b"PAR1",
    "lz4-back-before-the-start.parquet": lz4[:60] + b"\x1f\x00\xff\xff" * 20 + lz4[140:],
    "pages-of-noise.parquet": whole[:4] + bytes(range(256))[: 60] + whole[64:],
    "cut.parquet": whole[:-20],
    "head-only.parquet": b"PAR1",
    "text.parquet": "id;name\n1;x\n",
    "empty.parquet": b"",
})
