// Written by hand after crates/wire until contract/openapi.json exists; `npm run gen` then replaces it.

export type paths = Record<string, never>

export interface components {
  schemas: {
    Account: {
      id: string
      name: string
      display_name: string
      active: boolean
      grants: components['schemas']['Grant'][]
      created_at: string
    }
    Area: { code: string; name: string; parent?: string | null; level: string; population: number }
    AreaCounts: {
      area: string
      name: string
      expected: number
      expected_sampled: number
      unexpected_sampled: number
      collections: number
    }
    Device: {
      id: string
      device_no: number
      label: string
      account_name: string
      enrolled_at: string
      seen_at?: string | null
      revoked_at?: string | null
    }
    DocumentKind: 'resident_id' | 'hk_macao_permit' | 'taiwan_permit' | 'passport' | 'foreign_permanent_resident'
    EnrolRequest: { code?: string | null; label: string; public_key: string }
    Enrolled: { device: string; device_no: number; token: string; me: components['schemas']['Me'] }
    Enrolment: { code: string; url: string; qr_svg: string; expires_at: string }
    Grant: { role: components['schemas']['Role']; area: string }
    LiveFrame: {
      as_of: string
      change: number
      round?: string | null
      round_name: string
      total: components['schemas']['AreaCounts']
      persons_in_open_tubes: number
      tubes: number
      person_reports: number
      non_negative: number
      areas: components['schemas']['AreaCounts'][]
      pipeline: components['schemas']['Pipeline']
      curve: [string, number][]
    }
    LoginRequest: { name: string; password: string }
    Me: {
      account: string
      name: string
      display_name: string
      grants: components['schemas']['Grant'][]
      device?: string | null
      expires_at: string
    }
    NewAccount: { name: string; display_name: string; password: string; grants: components['schemas']['Grant'][] }
    NewEnrolment: { account: string; label: string }
    Pipeline: {
      open: number
      at_site: number
      in_transit: number
      received: number
      on_run: number
      resulted: number
      released: number
      rejected: number
    }
    Problem: {
      type: string
      title: string
      status: number
      code: string
      text_zh: string
      text_en: string
      detail?: string | null
      field?: string | null
      retry_after_s?: number | null
    }
    Role:
      | 'registrar'
      | 'site_lead'
      | 'courier'
      | 'lab_entry'
      | 'lab_release'
      | 'headquarters'
      | 'grid_worker'
      | 'administrator'
      | 'auditor'
    Round: {
      id: string
      name: string
      state: components['schemas']['RoundState']
      areas: string[]
      tube_kind: components['schemas']['TubeKind']
      starts_at: string
      ends_at: string
      profile_version: number
      expected: number
    }
    RoundState: 'draft' | 'open' | 'closing' | 'closed'
    Site: {
      id: string
      name: string
      area: string
      serves: string[]
      stations: number
      longitude?: number | null
      latitude?: number | null
      hours: string
      open: boolean
    }
    TubeKind: 'single' | 'pool5' | 'pool10' | 'pool20' | 'household'
  }
}
