// Hands the preview of an upload from the list to the import's page, so that it is there at once. A
// reload asks the server, which keeps the file for an hour.
import type { RegisterPreview } from './api'

const kept = new Map<string, RegisterPreview>()

export function keepPreview(preview: RegisterPreview): void {
  kept.clear()
  kept.set(preview.id, preview)
}

export const previewOf = (id: string): RegisterPreview | undefined => kept.get(id)
