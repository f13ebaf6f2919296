import type { SegmentFile } from './segment-file.js';

/** Files of ConsumeQueues and index that were written, and directories with new entries, since they were last flushed to the disk. */
export class Unsynced {
  readonly segments = new Set<SegmentFile>();
  readonly directories = new Set<string>();

  /** All of them, which are no longer here then. */
  take(): { segments: SegmentFile[]; directories: string[] } {
    const taken = { segments: [...this.segments], directories: [...this.directories] };
    this.segments.clear();
    this.directories.clear();
    return taken;
  }
}
