-- SPDX-License-Identifier: Apache-2.0
-- ends: error
-- Is no Lua at all.

return {
  run = function()
    return return return
  end,
}
