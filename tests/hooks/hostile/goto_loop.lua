-- SPDX-License-Identifier: Apache-2.0
-- ends: stopped
-- Goes back for ever.

return {
  run = function()
    ::again::
    goto again
  end,
}
