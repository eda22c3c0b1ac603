import { Odometer } from '@element-plus/icons-vue'
import { defineSection } from '../../section'
import { messages } from './messages'

// The first page of headquarters: the same live frame as the big screen, with what needs a decision first.
export default defineSection({
  name: 'overview',
  menu: [
    {
      path: '/overview',
      title: 'overview.menu',
      icon: Odometer,
      group: 'command',
      order: 0,
      roles: ['headquarters', 'site_lead', 'auditor'],
    },
  ],
  routes: [{ path: '/overview', component: () => import('./OverviewPage.vue') }],
  messages,
})
