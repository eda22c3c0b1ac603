// Offline logic of the field app, without a framework.
export {}
