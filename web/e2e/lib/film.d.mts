export type Shot = { bar: string } | { qr: string } | Record<string, never>
/** Bars (true) of a text in Code 128 set B, quiet zones included. */
export function code128(text: string): boolean[]
/** Writes a Y4M film in which each shot lasts `seconds`, with an empty table between them. */
export function writeFilm(path: string, shots: Shot[], seconds?: number): void
