import type { SegmentFile } from './segment-file.js';

interface Taken {
  readonly segments: readonly SegmentFile[];
  readonly directories: readonly string[];
}

/** Files of ConsumeQueues and index that were written, and directories with new entries, since they were last flushed to the disk. */
export class Unsynced {
  readonly segments = new Set<SegmentFile>();
  readonly directories = new Set<string>();

  /** All of them, which are no longer here then. */
  take(): Taken {
    const taken = { segments: [...this.segments], directories: [...this.directories] };
    this.segments.clear();
    this.directories.clear();
    return taken;
  }

  /** For the next time. */
  putBack({ segments, directories }: Taken): void {
    for (const segment of segments) this.segments.add(segment);
    for (const directory of directories) this.directories.add(directory);
  }
}
