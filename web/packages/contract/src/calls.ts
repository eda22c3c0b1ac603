// What may be called and what it answers, read off the generated `paths`: the one source of every type of a request.
import type { paths } from './schema'

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete'

/** Addresses as pages write them: without the prefix that all of them share. */
type Short<P> = P extends `/api/v1${infer R}` ? R : never
/** The operation behind a method and a short address. */
type Operation<M extends Method, P extends string> = `/api/v1${P}` extends infer Long extends keyof paths ? paths[Long][M] : never

type Success<O> = O extends { responses: infer R } ? R[keyof R & (200 | 201 | 202 | 204)] : never
/** JSON as its type; anything else is a file; nothing is `undefined`. */
type Content<C> = C extends { 'application/json': infer T } ? T : C extends { 'text/event-stream': unknown } ? never : Blob
export type Answer<M extends Method, P extends string> =
  Success<Operation<M, P>> extends { content: infer C } ? Content<C> : undefined

type PathsWith<M extends Method> = { [P in keyof paths]: paths[P] extends { [K in M]: object } ? Short<P> : never }[keyof paths]
/** Addresses that answer a method with a file. */
export type FilePath<M extends Method> = { [P in PathsWith<M>]: [Answer<M, P>] extends [Blob] ? P : never }[PathsWith<M>]
/** Addresses that answer a method with JSON or with nothing. */
export type CallPath<M extends Method> = Exclude<PathsWith<M>, FilePath<M>>
/** Addresses that a link or an event stream may point at. */
export type LinkPath = PathsWith<'get'>

type Given<O, K extends 'path' | 'query'> = O extends { parameters: infer T } ? (K extends keyof T ? NonNullable<T[K]> : never) : never
/** Bytes go as they are; the contract can only say that they are bytes. */
type Body<O> = O extends { requestBody: { content: infer C } } ? (C extends { 'application/json': infer T } ? T : Blob) : never
/** A part of a request: must be given if anything in it must, and cannot be given if the contract has none. */
type Part<K extends string, T> = [T] extends [never]
  ? { [N in K]?: never }
  : Partial<T> extends T
    ? { [N in K]?: T }
    : { [N in K]: T }

/** What a link says: its parameters. */
export type Where<M extends Method, P extends string> = Part<'path', Given<Operation<M, P>, 'path'>> &
  Part<'query', Given<Operation<M, P>, 'query'>>
/** What a call says: parameters and body. */
export type Said<M extends Method, P extends string> = Where<M, P> & Part<'body', Body<Operation<M, P>>>
/** The argument after the address: left out where nothing must be said. */
export type Rest<T> = Partial<T> extends T ? [said?: T] : [said: T]
