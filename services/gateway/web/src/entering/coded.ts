// The six-character code of an invitation, as somebody reads it off a wall and types it.

// Signs that codes are made of: none that look alike (0 and O; 1, I and L).
const signs = /^[2-9A-HJKMNP-Z]{6}$/;

// tidy takes out what people put in between and makes small letters big: " k7m-2qx " is K7M2QX.
export const tidy = (typed: string): string => typed.normalize("NFKC").replace(/[\s.·_–—-]/g, "").toUpperCase();

// isCode tells whether it can be one at all.
export const isCode = (typed: string): boolean => signs.test(tidy(typed));
