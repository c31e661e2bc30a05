-- SPDX-License-Identifier: Apache-2.0
-- ends: stopped
-- Never returns.

return {
  run = function()
    while true do end
  end,
}
