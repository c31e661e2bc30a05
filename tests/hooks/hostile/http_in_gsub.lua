-- SPDX-License-Identifier: Apache-2.0
-- ends: error
-- Asks the shop from a callback, which cannot wait.

return {
  run = function()
    return (("ab"):gsub(".", function() return http.get("shop", "/").body end))
  end,
}
