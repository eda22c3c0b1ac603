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
    Demo: {
      accounts: { name: string; password: string; display_name: string; role: components['schemas']['Role'] }[]
      residents: { name: string; code: string; document_tail: string }[]
      population: number
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
      plan?: { starts_at: string; ends_at: string; per_five_minutes: number } | null
      stages: components['schemas']['StageAge'][]
      sites_total: number
      sites_open: number
      sites_stuck: number
      sites: components['schemas']['SiteLoad'][]
      labs: components['schemas']['LabLoad'][]
      forecast?: { remaining: number; per_hour: number; ends_at?: string | null } | null
      follow_ups_open: number
      exceptions_open: number
      devices: number
      devices_silent: { device_no: number; label: string; seen_at?: string | null }[]
    }
    StageAge: { stage: string; tubes: number; oldest_at?: string | null; limit_minutes?: number | null; late: number }
    SiteLoad: {
      site: string
      name: string
      area: string
      stations: number
      collections: number
      per_station_hour: number
      wait_minutes?: number | null
      last_at?: string | null
      stuck?: string | null
    }
    LabLoad: {
      lab: string
      name: string
      received: number
      on_run: number
      resulted: number
      released: number
      backlog_hours?: number | null
    }
    DrillDown: { figure: string; columns: string[]; rows: string[][]; total: number; next?: string | null }
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
    FamilyMember: { name: string; code: string; latest?: components['schemas']['ResidentTest'] | null }
    ResidentPage: {
      as_of: string
      name: string
      document?: string | null
      code: string
      round?: components['schemas']['ResidentRound'] | null
      tests: components['schemas']['ResidentTest'][]
      family: components['schemas']['FamilyMember'][]
    }
    ResidentRound: { name: string; ends_at: string; due: boolean; sites: components['schemas']['ResidentSite'][] }
    ResidentSite: { name: string; hours: string; open: boolean; wait_minutes?: number | null }
    ResidentTest: {
      round_name: string
      site_name: string
      collected_at: string
      stage: components['schemas']['TestStage']
      expected_at?: string | null
      result?: string | null
      released_at?: string | null
      lab_name?: string | null
    }
    TestStage:
      | 'at_site'
      | 'in_transit'
      | 'received'
      | 'on_run'
      | 'awaiting_release'
      | 'released'
      | 'under_recheck'
      | 'resample'
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
