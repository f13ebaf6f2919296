/** Ordinals of releases (MQVersion.Version). */
export const MQVersion = {
  V4_9_3: 399,
  V4_9_4: 401,
  V5_3_3: 479,
} as const;

/** The release whose protocol this package speaks. */
export const OWN_VERSION = MQVersion.V5_3_3;
