/** Bits of a topic's permission (PermName). */
export const PermName = { PRIORITY: 8, READ: 4, WRITE: 2, INHERIT: 1 } as const;

export const isReadable = (perm: number): boolean => (perm & PermName.READ) !== 0;
export const isWriteable = (perm: number): boolean => (perm & PermName.WRITE) !== 0;
export const isInherited = (perm: number): boolean => (perm & PermName.INHERIT) !== 0;
