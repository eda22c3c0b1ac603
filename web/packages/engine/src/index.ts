// All offline logic of the field app, without a screen. To extend: an act is a method of `Desk` or
// `Courier` that checks, keeps one command and lets the tally fold it; add its story to test/.

export * from './bytes'
export * from './classify'
export * from './codes'
export * from './courier'
export * from './database'
export * from './desk'
export * from './documents'
export * from './field'
export * from './handover'
export * from './outbox'
export * from './roster'
export * from './sender'
export * from './tally'
export * from './vault'
export * from './wire'
export * from './world'
