/**
 * TypeLimits: the sizes at which a small value becomes a large one.
 *
 * They are Redis's directives of the same names, and OBJECT ENCODING shows when one was reached. The server keeps
 * the fields in step with its configuration.
 */
export class TypeLimits {
  /** Entries of a list's node, or with -1 to -5 its bytes: 4, 8, 16, 32, 64 KiB. */
  listMaxListpackSize = -2;
  /** Nodes at each end of a list that are not compressed; 0: none is compressed. */
  listCompressDepth = 0;
  hashMaxListpackEntries = 512;
  hashMaxListpackValue = 64;
  setMaxIntsetEntries = 512;
  setMaxListpackEntries = 128;
  setMaxListpackValue = 64;
  zsetMaxListpackEntries = 128;
  zsetMaxListpackValue = 64;
  /** Bytes and entries of a stream's node; 0: no limit. */
  streamNodeMaxBytes = 4096;
  streamNodeMaxEntries = 100;
  hllSparseMaxBytes = 3000;
}
