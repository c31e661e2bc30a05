-- SPDX-License-Identifier: Apache-2.0
-- ends: error
-- Another host in the path.

return {
  run = function()
    return http.get("shop", "//evil.example/").status
  end,
}
