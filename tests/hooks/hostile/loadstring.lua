-- SPDX-License-Identifier: Apache-2.0
-- ends: error
-- There is no loadstring.

return {
  run = function()
    return loadstring("return 1")()
  end,
}
