// Hands the preview of an upload from the list to the import's page. A reload loses it, as the
// server loses the file after an hour: both then ask for the file again.
import type { RegisterPreview } from './api'

const kept = new Map<string, RegisterPreview>()

export function keepPreview(preview: RegisterPreview): void {
  kept.clear()
  kept.set(preview.id, preview)
}

export const previewOf = (id: string): RegisterPreview | undefined => kept.get(id)
