import { Location } from '@element-plus/icons-vue'
import { defineSection } from '../../section'
import { messages } from './messages'

// Sites: where they stand, how busy they are, who works there, where the queue goes when one closes.
export default defineSection({
  name: 'sites',
  menu: [
    {
      path: '/sites',
      title: 'sites.menu',
      icon: Location,
      group: 'sampling',
      order: 10,
      roles: ['headquarters', 'administrator', 'site_lead'],
    },
  ],
  routes: [{ path: '/sites', component: () => import('./SitesPage.vue') }],
  messages,
})
