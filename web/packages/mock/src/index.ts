// One mock backend for field stories and browser tests. Never shipped, never imported by an app.

export * from './ledger'
export * from './town'
