// The contract with the server. `schema.ts` is generated; import shapes from here by their name:
// `Schemas['Round']`. `calls.ts` says what a request may be.
import type { components } from './schema'

export type Schemas = components['schemas']
export type * from './calls'
