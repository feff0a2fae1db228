/**
 * The manifest of the append-only file: read, written, refused.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ascii } from "../../../core/base/bytes.ts";
import {
  AofManifest,
  loadManifest,
  ManifestFailed,
  storeManifest,
} from "../../../persistence/aof_manifest.ts";
import { MemoryDisk } from "../../../persistence/memory_disk.ts";

const WHOLE = "file a.2.base.rdb seq 2 type b\n" +
  "file a.1.incr.aof seq 1 type h\n" +
  "file a.4.incr.aof seq 4 type i\n" +
  "file a.5.incr.aof seq 5 type i\n";

test("what was read is written the same", () => {
  const manifest = AofManifest.parse(WHOLE);
  assert.equal(manifest.format(), WHOLE);
  assert.equal(manifest.copy().format(), WHOLE);
  assert.deepEqual(manifest.files.map(({ seq }) => seq), [2, 4, 5]);
  assert.equal(manifest.isEmpty, false);
});

test("comments, other order and words that nobody knows", () => {
  const text = '# a comment\nseq 3 type i file "with blank" size 7\n';
  const manifest = AofManifest.parse(text);
  assert.deepEqual(manifest.incrs, [{ name: "with blank", seq: 3 }]);
  assert.equal(manifest.format(), 'file "with blank" seq 3 type i\n');
});

test("names that need quotes come back", () => {
  const manifest = new AofManifest();
  const name = manifest.addIncr('a "b c\n\x01');
  assert.equal(AofManifest.parse(manifest.format()).incrs[0].name, name);
});

test("a new base retires the old one and the files it contains", () => {
  const manifest = AofManifest.parse(WHOLE);
  assert.equal(manifest.addIncr("a"), "a.6.incr.aof");
  assert.equal(manifest.replaceBase("a", false), "a.3.base.aof");
  manifest.retireIncrs(1);
  assert.equal(
    manifest.format(),
    "file a.3.base.aof seq 3 type b\n" +
      "file a.5.incr.aof seq 5 type h\n" +
      "file a.4.incr.aof seq 4 type h\n" +
      "file a.2.base.rdb seq 2 type h\n" +
      "file a.1.incr.aof seq 1 type h\n" +
      "file a.6.incr.aof seq 6 type i\n",
  );
});

test("what can't be a manifest is refused, with the reason that Redis gives", () => {
  const cases: [text: string, error: string][] = [
    ["", "Found an empty AOF manifest"],
    ["file a seq 1 type i", "The AOF manifest file contains too long line"],
    [`file ${"a".repeat(1100)} seq 1 type i\n`, "The AOF manifest file contains too long line"],
    ["\n", "Invalid AOF manifest file format"],
    ["file a seq 1 type\n", "Invalid AOF manifest file format"],
    ["file a seq 1\n", "Invalid AOF manifest file format"],
    ['file "a seq 1 type i\n', "Invalid AOF manifest file format"],
    ["file a seq x type i\n", "Invalid AOF manifest file format"],
    ["file ../a seq 1 type i\n", "File can't be a path, just a filename"],
    ["file a seq 1 type x\n", "Unknown AOF file type"],
    ["file a seq 1 type b\nfile b seq 2 type b\n", "Found duplicate base file information"],
    ["file a seq 2 type i\nfile b seq 2 type i\n", "Found a non-monotonic sequence number"],
  ];
  for (const [text, error] of cases) {
    assert.throws(() => AofManifest.parse(text), (thrown: ManifestFailed) => {
      assert.equal(thrown.lines[0], "*** FATAL AOF MANIFEST FILE ERROR ***");
      assert.equal(thrown.lines[thrown.lines.length - 1], error, text);
      return thrown instanceof ManifestFailed;
    });
  }
});

test("on disk: none, one, and one that takes its place", () => {
  const disk = new MemoryDisk();
  assert.equal(loadManifest(disk, "./d", "a"), null);
  storeManifest(disk, "./d", "a", AofManifest.parse(WHOLE));
  assert.equal(loadManifest(disk, "./d", "a")?.format(), WHOLE);
  const next = AofManifest.parse(WHOLE);
  next.addIncr("a");
  disk.freeBytes = 10;
  assert.throws(() => storeManifest(disk, "./d", "a", next), ManifestFailed);
  assert.equal(loadManifest(disk, "./d", "a")?.format(), WHOLE);
  disk.freeBytes = Infinity;
  storeManifest(disk, "./d", "a", next);
  assert.equal(loadManifest(disk, "./d", "a")?.format(), next.format());
  assert.deepEqual(disk.get("./d/a.manifest"), ascii(next.format()));
});
