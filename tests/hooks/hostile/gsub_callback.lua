-- SPDX-License-Identifier: Apache-2.0
-- ends: stopped
-- A callback of gsub that never comes back.

return {
  run = function()
    return (("abc"):gsub(".", function() while true do end end))
  end,
}
