@SIG-006
Feature: A till that cannot keep secrets does not sign in
  Without its master key, or opened by somebody, a till must say so and stay silent: anything it sent would be worthless.

  Background:
    Given till "T1" of "Noodle House" has not signed in

  Scenario Outline: A till that <fault> sends nothing
    Given "T1" <fault>
    When the cashier signs in at "T1"
    Then "T1" shows <screen>
    And "T1" is signed off
    And no message went to the host

    Examples:
      | fault                  | screen        |
      | has no master key      | NO_MASTER_KEY |
      | has been tampered with | TAMPERED      |

  Scenario Outline: A till that <fault> signs in once it has been serviced
    Given "T1" <fault>
    And the cashier has tried to sign in at "T1"
    And "T1" is serviced
    When the cashier signs in at "T1"
    Then "T1" shows SIGNED_IN
    And "T1" is signed in

    Examples:
      | fault                  |
      | has no master key      |
      | has been tampered with |
