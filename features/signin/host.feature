Feature: A host that does not let the till in
  The host has its reasons: it changes its day, it is being repaired, or it does not know this till. The cashier must see
  which, since the cure differs: wait, or call.

  Background:
    Given till "T1" of "Noodle House" has not signed in

  @SIG-011 @host-control
  Scenario Outline: The host answers <code>
    Given the host answers the 1st sign-in with "<code>"
    When the cashier signs in at "T1"
    Then "T1" shows <screen>
    And "T1" is signed off
    And these messages went over the wire
      | from | message        | trace | code   |
      | T1   | sign-in        | 1     |        |
      | host | sign-in answer | 1     | <code> |
    And the answer to the 1st sign-in carries
      | field | value |
      | keys  |       |

    Examples:
      | code | screen             |
      | 90   | CUT_OVER           |
      | 91   | ISSUER_UNAVAILABLE |
      | 96   | SYSTEM_MALFUNCTION |

  @SIG-011 @host-control
  Scenario: The host is in maintenance
    Given the host is in maintenance
    When the cashier signs in at "T1"
    Then "T1" shows SYSTEM_MALFUNCTION
    And "T1" is signed off

  @SIG-011 @host-control
  Scenario Outline: The till signs in once the host <again>
    Given the host <trouble>
    And the cashier has tried to sign in at "T1"
    And the host is working again
    When the cashier signs in at "T1"
    Then "T1" shows SIGNED_IN
    And "T1" is signed in

    Examples:
      | trouble                           | again              |
      | is in maintenance                 | has been repaired  |
      | is in day cut-over                | has a new day      |
      | answers the 1st sign-in with "91" | has its line again |

  @SIG-012
  Scenario Outline: A till with a wrong <thing> number is turned away
    Given "T1" is set up with <thing> number "<number>"
    When the cashier signs in at "T1"
    Then "T1" shows <screen>
    And "T1" is signed off
    And the answer to the 1st sign-in carries
      | field | value  |
      | code  | <code> |
      | keys  |        |

    Examples:
      | thing    | number          | code | screen                  |
      | terminal | 10000009        | 97   | TERMINAL_NOT_REGISTERED |
      | merchant | 898320548169999 | 03   | MERCHANT_NOT_REGISTERED |

  @SIG-012
  Scenario Outline: The till signs in once its <thing> number is right
    Given "T1" is set up with <thing> number "<wrong>"
    And the cashier has tried to sign in at "T1"
    And "T1" is set up with <thing> number "<right>"
    When the cashier signs in at "T1"
    Then "T1" shows SIGNED_IN
    And "T1" is signed in

    Examples:
      | thing    | wrong           | right           |
      | terminal | 10000009        | 10000001        |
      | merchant | 898320548169999 | 898320548160001 |

  @SIG-012 @host-control
  Scenario Outline: <who> <state> at the host cannot sign in
    Given "<who>" is <state> at the host
    When the cashier signs in at "T1"
    Then "T1" shows <screen>
    And "T1" is signed off

    Examples:
      | who          | state    | screen                  |
      | T1           | disabled | TERMINAL_NOT_PERMITTED  |
      | T1           | unknown  | TERMINAL_NOT_REGISTERED |
      | Noodle House | disabled | MERCHANT_NOT_REGISTERED |

  @SIG-012 @host-control
  Scenario Outline: <who> <state> at the host after the sign-in sells nothing more
    Given the cashier has tried to sign in at "T1"
    And "<who>" is <state> at the host
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows <screen>
    And the answer to the 1st sale carries
      | field | value  |
      | code  | <code> |
    And Bob's card holds 5000.00 CNY

    Examples:
      | who          | state    | code | screen                  |
      | T1           | disabled | 58   | TERMINAL_NOT_PERMITTED  |
      | T1           | unknown  | 97   | TERMINAL_NOT_REGISTERED |
      | Noodle House | disabled | 03   | MERCHANT_NOT_REGISTERED |

  @SIG-012 @host-control
  Scenario: The till signs in once the host has enabled it again
    Given "T1" is disabled at the host
    And the cashier has tried to sign in at "T1"
    And "T1" is known again at the host
    When the cashier signs in at "T1"
    Then "T1" shows SIGNED_IN
    And "T1" is signed in

  @SIG-013
  Scenario: A copy of the till in another device is turned away
    Given "T1" is set up with serial number "SN-COPY"
    When the cashier signs in at "T1"
    Then "T1" shows TERMINAL_NOT_PERMITTED
    And "T1" is signed off

  @SIG-013
  Scenario: A till sells for no other merchant
    Given the cashier has tried to sign in at "T1"
    And till "T3" of "Tea House" has signed in
    When "T1" is made to send a sale with merchant "898320548160002"
    Then these messages went over the wire
      | from | message     | code |
      | T1   | sale        |      |
      | host | sale answer | 58   |
    And Bob's card holds 5000.00 CNY
    And "Tea House" is owed 0.00 CNY
