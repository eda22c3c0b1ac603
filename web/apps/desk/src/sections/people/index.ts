import { Files, Search, Share } from '@element-plus/icons-vue'
import { defineSection } from '../../section'
import { messages } from './messages'

// The register: search, one person's record, files taken in, the area tree.
export default defineSection({
  name: 'people',
  menu: [
    {
      path: '/people',
      title: 'people.menu',
      icon: Search,
      group: 'people',
      order: 10,
      roles: ['administrator', 'headquarters', 'grid_worker', 'site_lead'],
    },
    { path: '/imports', title: 'people.imports.menu', icon: Files, group: 'people', order: 20, roles: ['administrator', 'headquarters'] },
    { path: '/areas', title: 'people.areas.menu', icon: Share, group: 'people', order: 30, roles: ['administrator', 'headquarters'] },
  ],
  routes: [
    { path: '/people', component: () => import('./PeoplePage.vue') },
    { path: '/people/:no(\\d+)', component: () => import('./PersonPage.vue'), props: (route) => ({ no: Number(route.params['no']) }) },
    { path: '/imports', component: () => import('./ImportsPage.vue') },
    { path: '/imports/:id', component: () => import('./ImportPage.vue'), props: true },
    { path: '/areas', component: () => import('./AreasPage.vue') },
  ],
  messages,
})
