// The contract with the server. `schema.ts` is generated; import shapes from here by their name:
// `Schemas['Round']`.
import type { components, paths } from './schema'

export type Schemas = components['schemas']
export type Paths = paths
